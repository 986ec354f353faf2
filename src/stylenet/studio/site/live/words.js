// What the page of the camera says.

import { setWords, say } from "/shared/language.js";
import { SHARED_WORDS } from "/shared/words.js";
import { ERROR_WORDS } from "/errors.js";
import { words as en } from "/live/words/en.js";
import { words as ja } from "/live/words/ja.js";
import { words as zh } from "/live/words/zh.js";

setWords(SHARED_WORDS, ERROR_WORDS, { en, ja, zh });

const number = (value, digits) => value.toLocaleString(document.documentElement.lang, { maximumFractionDigits: digits });

/** The size of strokes in words; `strokes` is its logarithm to the base of 2. */
export const strokeSize = (strokes) => say("times", { n: number(2 ** strokes, 2) });

/** Pictures a second and delay in words. */
export const rateWords = ({ rate, delay }) => say("rates", { rate: number(rate, 1), delay: number(delay, 0) });

/** Seconds as minutes and seconds. */
export const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
