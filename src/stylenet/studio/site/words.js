// What the page says, in three languages.

const WORDS = {
  en: {
    language: "Language", picture: "Picture", drop: "Drop a photo here, or paste one", choose: "Choose a photo", other: "Another photo",
    style: "Style", search: "Search styles", own: "Own painting", strength: "Strength", strokes: "Stroke size", colors: "Colors",
    "colors-painting": "of the painting", "colors-luminance": "of the photo", "colors-histogram": "close to the photo",
    quality: "Quality", size: "Long side, pixels", full: "as the photo", format: "File", paint: "Paint finely", stop: "Stop",
    save: "Save", command: "Copy as command", python: "Copy as Python", copied: "Copied", history: "History",
    compare: "Share of the photo that is shown", before: "The photo", after: "The painting", loading: "Sending the photo …",
    previewing: "Preview …", preview: "Preview", queued: "Waiting; jobs before this one: {0}", preparing: "Getting ready …",
    painting: "Painting: step {0} of {1}, {2} left", pass: "Painting …", stopping: "Stopping …", stopped: "Stopped; the best picture is kept",
    ended: "Stopped before there was a picture", done: "Done in {0}", lost: "The server does not answer", seconds: "{0} s", minutes: "{0} min",
    recipes: { instant: "instant (one pass)", draft: "draft", standard: "standard", fine: "fine", refined: "refined" },
  },
  ja: {
    language: "言語", picture: "画像", drop: "ここに写真をドロップするか、貼り付けてください", choose: "写真を選ぶ", other: "別の写真",
    style: "画風", search: "画風を検索", own: "自分の絵", strength: "強さ", strokes: "筆致の大きさ", colors: "色",
    "colors-painting": "絵の色", "colors-luminance": "写真の色", "colors-histogram": "写真に近い色",
    quality: "品質", size: "長辺(ピクセル)", full: "写真と同じ", format: "ファイル", paint: "丁寧に描く", stop: "停止",
    save: "保存", command: "コマンドをコピー", python: "Python コードをコピー", copied: "コピーしました", history: "履歴",
    compare: "写真を表示する割合", before: "写真", after: "絵", loading: "写真を送信中 …",
    previewing: "プレビュー中 …", preview: "プレビュー", queued: "待機中(前のジョブ: {0})", preparing: "準備中 …",
    painting: "描画中: {1} 中 {0} ステップ、残り {2}", pass: "描画中 …", stopping: "停止しています …", stopped: "停止しました。最良の結果を残しました",
    ended: "結果ができる前に停止しました", done: "{0} で完了", lost: "サーバーが応答しません", seconds: "{0} 秒", minutes: "{0} 分",
    recipes: { instant: "即時(1 パス)", draft: "下描き", standard: "標準", fine: "高品質", refined: "仕上げ" },
  },
  zh: {
    language: "语言", picture: "图片", drop: "将照片拖到此处,或粘贴照片", choose: "选择照片", other: "换一张照片",
    style: "风格", search: "搜索风格", own: "自己的画作", strength: "强度", strokes: "笔触大小", colors: "颜色",
    "colors-painting": "画作的颜色", "colors-luminance": "照片的颜色", "colors-histogram": "接近照片的颜色",
    quality: "质量", size: "长边(像素)", full: "与照片相同", format: "文件", paint: "精细绘制", stop: "停止",
    save: "保存", command: "复制命令", python: "复制 Python 代码", copied: "已复制", history: "历史",
    compare: "显示照片的比例", before: "照片", after: "画作", loading: "正在上传照片 …",
    previewing: "正在预览 …", preview: "预览", queued: "等待中,前面有 {0} 个任务", preparing: "正在准备 …",
    painting: "正在绘制:第 {0} 步,共 {1} 步,剩余 {2}", pass: "正在绘制 …", stopping: "正在停止 …", stopped: "已停止,保留了最佳结果",
    ended: "在得到结果之前已停止", done: "用时 {0} 完成", lost: "服务器没有响应", seconds: "{0} 秒", minutes: "{0} 分钟",
    recipes: { instant: "即时(一次通过)", draft: "草稿", standard: "标准", fine: "精细", refined: "优化" },
  },
};

let language = "en";

export function usualLanguage() {
  const wanted = [localStorage.getItem("language"), ...navigator.languages.map((name) => name.slice(0, 2))];
  return wanted.find((name) => name in WORDS) ?? "en";
}

export function word(key, ...values) {
  return values.reduce((text, value, index) => text.replace(`{${index}}`, value), WORDS[language][key] ?? WORDS.en[key] ?? key);
}

export function recipeWord(name) {
  return WORDS[language].recipes[name] ?? name;
}

export function duration(seconds) {
  return seconds < 90 ? word("seconds", Math.max(0, Math.round(seconds))) : word("minutes", Math.round(seconds / 60));
}

// Say everything that is marked with data-word in a language.
export function speak(name) {
  language = name;
  localStorage.setItem("language", name);
  document.documentElement.lang = name;
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = word(element.dataset.word);
}
