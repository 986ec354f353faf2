// The language of a page: chosen, remembered, and its sentences written into the document.

export const LANGUAGES = { en: "English", ja: "日本語", zh: "中文" };

const KEPT = "stylenet-language";
const sentences = {};
let language = "en";

/** The sentences of a page: several tables {en, ja, zh} of {name: sentence}. */
export function setWords(...tables) {
  for (const tag of Object.keys(LANGUAGES)) sentences[tag] = Object.assign({}, ...tables.map((table) => table[tag]));
}

/** Fill a <select> with the languages; `changed` is called now, and with every choice. */
export function offerLanguages(select, changed) {
  for (const [tag, name] of Object.entries(LANGUAGES)) select.append(Object.assign(new Option(name, tag), { lang: tag }));
  const choose = (asked) => {
    chooseLanguage(asked);
    select.value = language;
    changed();
  };
  select.addEventListener("change", () => {
    localStorage.setItem(KEPT, select.value);
    choose(select.value);
  });
  choose(new URLSearchParams(location.search).get("language") ?? localStorage.getItem(KEPT));
}

/** Whether there is a sentence of this name. */
export const hasWord = (word) => word in sentences[language];

/** A sentence with its places filled: by values, or by functions of what depends on the language itself. */
export function say(word, places = {}) {
  const filled = (place) => (typeof place === "function" ? place() : (place ?? ""));
  return sentences[language][word].replace(/\{(\w+)\}/g, (_, name) => filled(places[name]));
}

// One that was asked for, or the first that the person's browser prefers and the page speaks.
function chooseLanguage(asked) {
  const wanted = [asked, ...(navigator.languages ?? [navigator.language])].filter(Boolean).map((tag) => tag.slice(0, 2).toLowerCase());
  language = wanted.find((tag) => tag in LANGUAGES) ?? "en";
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = say(element.dataset.word);
  for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", say(element.dataset.label));
  for (const element of document.querySelectorAll("[data-hint]")) element.placeholder = say(element.dataset.hint);
}
