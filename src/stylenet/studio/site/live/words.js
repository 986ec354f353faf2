// The texts of the live page.

import { setTranslations, translate } from "/shared/language.js";
import { SHARED_WORDS } from "/shared/words.js";
import { ERROR_WORDS } from "/errors.js";
import { words as en } from "/live/words/en.js";
import { words as ja } from "/live/words/ja.js";
import { words as zh } from "/live/words/zh.js";

setTranslations(SHARED_WORDS, ERROR_WORDS, { en, ja, zh });

const number = (value, digits) => value.toLocaleString(document.documentElement.lang, { maximumFractionDigits: digits });

/** The stroke size as text; `strokes` is its base-2 logarithm. */
export const strokeSize = (strokes) => translate("times", { n: number(2 ** strokes, 2) });

/** Frame rate and delay as text. */
export const rateWords = ({ rate, delay }) => translate("rates", { rate: number(rate, 1), delay: number(delay, 0) });

/** Seconds as minutes and seconds. */
export const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
