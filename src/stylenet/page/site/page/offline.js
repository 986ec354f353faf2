// Registering the service worker, which stores the page for offline use and lets threads share memory, unlike a plain static host.

const WAIT_MS = 4000;

/**
 * Resolves when the page may start. On the first visit, the page is reloaded once so that threads can share memory, unless `isBusy()`
 * returns that the user has already started.
 */
export async function whenReady(isBusy) {
  if (!("serviceWorker" in navigator) || !self.isSecureContext) return;
  try {
    const registered = navigator.serviceWorker.register("service-worker.js", { updateViaCache: "none" });
    await Promise.race([registered.then(controlled), new Promise((resolve) => setTimeout(resolve, WAIT_MS))]);
    if (navigator.serviceWorker.controller && !self.crossOriginIsolated && !sessionStorage.getItem("stylenet-reloaded") && !isBusy()) {
      sessionStorage.setItem("stylenet-reloaded", "yes");
      location.reload();
      await new Promise(() => {});
    }
  } catch {
    // Without the service worker, the page still paints, but with one thread and only online.
  }
}

/** Ask the service worker to store files for offline use, once it controls the page; calls `done` when they are stored. */
export async function storeOffline(paths, done) {
  const container = navigator.serviceWorker;
  if (!container) return;
  await controlled(); // on a slow first visit, the page starts before
  container.addEventListener("message", ({ data }) => data?.kind === "kept" && data.kept && done());
  container.controller.postMessage({ kind: "keep", paths });
}

function controlled() {
  if (navigator.serviceWorker.controller) return Promise.resolve();
  return new Promise((resolve) => navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true }));
}
