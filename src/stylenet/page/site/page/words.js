// The texts of the static page.

import { SHARED_WORDS } from "../shared/words.js";
import { setTranslations } from "../shared/language.js";
import { words as en } from "./words/en.js";
import { words as ja } from "./words/ja.js";
import { words as zh } from "./words/zh.js";

setTranslations(SHARED_WORDS, { en, ja, zh });
