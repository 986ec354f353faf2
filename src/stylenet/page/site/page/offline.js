// The service worker: it keeps the page for use offline, and lets threads share memory, which a plain static host does not.

const WAIT_MS = 4000;

/**
 * Resolves when the page may start. On the very first visit it is loaded again, once, so that threads can share memory, unless
 * `isBusy()`: a person has begun already.
 */
export async function settled(isBusy) {
  if (!("serviceWorker" in navigator) || !self.isSecureContext) return;
  try {
    await navigator.serviceWorker.register("service-worker.js", { updateViaCache: "none" });
    await Promise.race([controlled(), new Promise((resolve) => setTimeout(resolve, WAIT_MS))]);
    if (navigator.serviceWorker.controller && !self.crossOriginIsolated && !sessionStorage.getItem("stylenet-reloaded") && !isBusy()) {
      sessionStorage.setItem("stylenet-reloaded", "yes");
      location.reload();
      await new Promise(() => {});
    }
  } catch {
    // A browser that forbids it paints all the same, with one thread and online.
  }
}

/** Ask that these files be kept; calls `done` when they are. */
export function keep(paths, done) {
  const container = navigator.serviceWorker;
  if (!container?.controller) return;
  container.addEventListener("message", ({ data }) => data?.kind === "kept" && data.kept && done());
  container.controller.postMessage({ kind: "keep", paths });
}

function controlled() {
  if (navigator.serviceWorker.controller) return Promise.resolve();
  return new Promise((resolve) => navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true }));
}
