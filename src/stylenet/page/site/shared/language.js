// The language of a page, which is remembered, and the translated texts of the document.

export const LANGUAGES = { en: "English", ja: "日本語", zh: "中文" };

const STORAGE_KEY = "stylenet-language";
const translations = {};
let language = "en";

/** Set the texts of a page: tables {en, ja, zh} of {name: text}. */
export function setTranslations(...tables) {
  for (const tag of Object.keys(LANGUAGES)) translations[tag] = Object.assign({}, ...tables.map((table) => table[tag]));
}

/** Fill a <select> with the languages; `changed` is called immediately and after each choice. */
export function offerLanguages(select, changed) {
  for (const [tag, name] of Object.entries(LANGUAGES)) select.append(Object.assign(new Option(name, tag), { lang: tag }));
  const choose = (requested) => {
    chooseLanguage(requested);
    select.value = language;
    changed();
  };
  select.addEventListener("change", () => {
    localStorage.setItem(STORAGE_KEY, select.value);
    choose(select.value);
  });
  choose(new URLSearchParams(location.search).get("language") ?? localStorage.getItem(STORAGE_KEY));
}

/** Whether there is a text of this name. */
export const hasTranslation = (word) => word in translations[language];

/** A text with its placeholders filled by values, or by functions whose results depend on the language. */
export function translate(word, values = {}) {
  const filled = (value) => (typeof value === "function" ? value() : (value ?? ""));
  return translations[language][word].replace(/\{(\w+)\}/g, (_, name) => filled(values[name]));
}

// Choose the requested language, or the first one of the browser's preferences that is supported.
function chooseLanguage(requested) {
  const wanted = [requested, ...(navigator.languages ?? [navigator.language])].filter(Boolean).map((tag) => tag.slice(0, 2).toLowerCase());
  language = wanted.find((tag) => tag in LANGUAGES) ?? "en";
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = translate(element.dataset.word);
  for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", translate(element.dataset.label));
  for (const element of document.querySelectorAll("[data-hint]")) element.placeholder = translate(element.dataset.hint);
}
