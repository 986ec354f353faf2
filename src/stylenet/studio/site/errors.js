// What is wrong, in the language of the page: by the code of the server's error, or else in the server's own words.

import { hasWord } from "/shared/language.js";
import { words as en } from "/errors/en.js";
import { words as ja } from "/errors/ja.js";
import { words as zh } from "/errors/zh.js";

export const ERROR_WORDS = { en, ja, zh };

/** Show an error; a `TypeError` is what fetch reports if there is no connection. */
export function showError(messages, error) {
  if (error instanceof TypeError) messages.complain("no-server");
  else if (error.code && hasWord(error.code)) messages.complain(error.code, error.values);
  else messages.quote(error.message);
}
