// Error messages in the language of the page, by the code of the server's error, or else in the words of the server.

import { hasTranslation } from "/shared/language.js";
import { words as en } from "/errors/en.js";
import { words as ja } from "/errors/ja.js";
import { words as zh } from "/errors/zh.js";

export const ERROR_WORDS = { en, ja, zh };

/** Show an error; fetch throws a `TypeError` if there is no connection. */
export function showError(messages, error) {
  if (error instanceof TypeError) messages.setProblem("no-server");
  else if (error.code && hasTranslation(error.code)) messages.setProblem(error.code, error.values);
  else messages.setProblemText(error.message);
}
