// The texts of the studio.

import { setTranslations, translate } from "/shared/language.js";
import { SHARED_WORDS } from "/shared/words.js";
import { ERROR_WORDS } from "/errors.js";
import { words as en } from "/words/en.js";
import { words as ja } from "/words/ja.js";
import { words as zh } from "/words/zh.js";

setTranslations(SHARED_WORDS, ERROR_WORDS, { en, ja, zh });

const RECIPES = {
  instant: ["recipeInstant", "hintInstant"],
  refined: ["recipeRefined", "hintRefined"],
  draft: ["recipeDraft", "hintDraft"],
  standard: ["recipeStandard", "hintStandard"],
  fine: ["recipeFine", "hintFine"],
};

/** The recipes offered by the page. */
export const RECIPE_NAMES = Object.keys(RECIPES);

/** The label and the description of a recipe. */
export function recipeWords(name) {
  return name in RECIPES ? RECIPES[name].map((word) => translate(word)) : [name, ""];
}

/** A duration as text. */
export function duration(seconds) {
  return seconds < 90 ? translate("seconds", { n: Math.max(0, Math.round(seconds)) }) : translate("minutes", { n: Math.round(seconds / 60) });
}

/** The stroke size as text; `strokes` is its base-2 logarithm. */
export function strokeSize(strokes) {
  return translate("times", { n: (2 ** strokes).toLocaleString(document.documentElement.lang, { maximumFractionDigits: 2 }) });
}

/** An element with a translated text. */
export function textElement(tag, word, properties = {}) {
  const element = Object.assign(document.createElement(tag), { textContent: translate(word), ...properties });
  element.dataset.word = word;
  return element;
}
