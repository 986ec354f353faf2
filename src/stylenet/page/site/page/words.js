// What the page says.

import { SHARED_WORDS } from "../shared/words.js";
import { setWords } from "../shared/language.js";
import { words as en } from "./words/en.js";
import { words as ja } from "./words/ja.js";
import { words as zh } from "./words/zh.js";

setWords(SHARED_WORDS, { en, ja, zh });
