// Pictures that are dropped anywhere on the page or pasted into it.

/** `veil`: shown while files hang over the page; `taken(files, target)`: called with what was dropped and the element below. */
export function takeDropped(veil, taken) {
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

/** `taken(file)`: called with a picture that is pasted. */
export function takePasted(taken) {
  document.addEventListener("paste", (event) => {
    const file = [...(event.clipboardData?.files ?? [])][0];
    if (file) taken(file);
  });
}

/** `taken(file)`: called with the file that a person chooses in an <input>, as often as it is chosen. */
export function takeChosen(input, taken) {
  input.addEventListener("change", () => {
    const file = input.files[0];
    input.value = ""; // so that the same file can be chosen again
    if (file) taken(file);
  });
}
