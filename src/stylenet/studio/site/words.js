// What the studio says.

import { setWords, say } from "/shared/language.js";
import { SHARED_WORDS } from "/shared/words.js";
import { ERROR_WORDS } from "/errors.js";
import { words as en } from "/words/en.js";
import { words as ja } from "/words/ja.js";
import { words as zh } from "/words/zh.js";

setWords(SHARED_WORDS, ERROR_WORDS, { en, ja, zh });

const RECIPES = {
  instant: ["recipeInstant", "hintInstant"],
  refined: ["recipeRefined", "hintRefined"],
  draft: ["recipeDraft", "hintDraft"],
  standard: ["recipeStandard", "hintStandard"],
  fine: ["recipeFine", "hintFine"],
};

/** The recipes that the page offers. */
export const RECIPE_NAMES = Object.keys(RECIPES);

/** A recipe in words, and what is particular about it. */
export function recipeWords(name) {
  return name in RECIPES ? RECIPES[name].map((word) => say(word)) : [name, ""];
}

/** A time in words. */
export function duration(seconds) {
  return seconds < 90 ? say("seconds", { n: Math.max(0, Math.round(seconds)) }) : say("minutes", { n: Math.round(seconds / 60) });
}

/** The size of strokes in words; `strokes` is its logarithm to the base of 2. */
export function strokeSize(strokes) {
  return say("times", { n: (2 ** strokes).toLocaleString(document.documentElement.lang, { maximumFractionDigits: 2 }) });
}

/** An element whose text is a sentence, in the language that is chosen. */
export function spoken(tag, word, more = {}) {
  const element = Object.assign(document.createElement(tag), { textContent: say(word), ...more });
  element.dataset.word = word;
  return element;
}
