// Texts that the pages share.

import { words as en } from "./words/en.js";
import { words as ja } from "./words/ja.js";
import { words as zh } from "./words/zh.js";

export const SHARED_WORDS = { en, ja, zh };
