// Picture files that are dropped on the page, pasted into it, or chosen.

/** `veil`: shown while files are dragged over the page; `taken(files, target)`: called with dropped files and the element below them. */
export function onFilesDropped(veil, taken) {
  let depth = 0;
  addEventListener("dragenter", (event) => {
    event.preventDefault();
    depth += 1;
    veil.hidden = false;
  });
  addEventListener("dragleave", () => {
    depth = Math.max(0, depth - 1);
    veil.hidden = depth === 0;
  });
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    veil.hidden = true;
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length) taken(files, event.target);
  });
}

/** `taken(file)`: called with a pasted file. */
export function onFilePasted(taken) {
  document.addEventListener("paste", (event) => {
    const file = [...(event.clipboardData?.files ?? [])][0];
    if (file) taken(file);
  });
}

/** `taken(file)`: called with each file chosen in an <input>. */
export function onFileChosen(input, taken) {
  input.addEventListener("change", () => {
    const file = input.files[0];
    input.value = ""; // so that the same file can be chosen again
    if (file) taken(file);
  });
}
