// Stores the page for offline use, and adds headers that a static host may not send: those that let threads share memory, and the
// content security policy, which then also applies to workers.

importScripts("site-files.js");

const { version, shell, large } = self.SITE;
const SHELL = `stylenet-${version}`;
const LARGE = "stylenet-large";
const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; img-src 'self' blob: data:; " +
  "style-src 'self'; manifest-src 'self'; media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const TYPES = {
  css: "text/css",
  html: "text/html; charset=utf-8",
  js: "text/javascript",
  json: "application/json",
  mjs: "text/javascript",
  svg: "image/svg+xml",
  txt: "text/plain; charset=utf-8",
  wasm: "application/wasm",
  webmanifest: "application/manifest+json",
};

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches.open(SHELL).then(async (cache) => {
      await cache.addAll(shell.map((path) => new Request(path, { cache: "reload" })));
    }),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) if (name.startsWith("stylenet-") && name !== SHELL && name !== LARGE) await caches.delete(name);
      const cache = await caches.open(LARGE);
      const wanted = new Set(large.map((path) => new URL(path, self.registration.scope).href));
      for (const request of await cache.keys()) if (!wanted.has(request.url)) await cache.delete(request);
      await self.clients.claim();
    })(),
  );
});

self.addEventListener("message", ({ data, source }) => {
  if (data?.kind === "keep") keep(data.paths).then((kept) => source?.postMessage({ kind: "kept", kept }));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== self.location.origin) return;
  event.respondWith(respond(request));
});

async function respond(request) {
  const url = new URL(request.url);
  const path = url.href.startsWith(self.registration.scope) ? url.href.slice(self.registration.scope.length).split(/[?#]/)[0] : "";
  const isLarge = large.includes(path);
  const cache = await caches.open(isLarge ? LARGE : SHELL);
  const isPage = request.mode === "navigate" && (path === "" || path === "index.html");
  let response = await cache.match(isPage ? "./" : request, { ignoreSearch: true, ignoreVary: true });
  if (!response) {
    response = await fetch(isLarge ? new Request(request.url, { cache: "no-cache" }) : request);
    if (isLarge && response.ok) await cache.put(request.url, response.clone());
  }
  return withHeaders(response, isPage ? "index.html" : path);
}

function withHeaders(response, path) {
  if (response.status === 0 || response.type === "opaqueredirect") return response;
  const headers = new Headers(response.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  headers.set("Cross-Origin-Resource-Policy", "same-origin");
  headers.set("Content-Security-Policy", POLICY);
  headers.set("X-Content-Type-Options", "nosniff");
  const type = TYPES[path.slice(path.lastIndexOf(".") + 1)];
  if (type && response.ok) headers.set("Content-Type", type);
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

async function keep(paths) {
  const cache = await caches.open(LARGE);
  for (const path of paths) {
    const url = new URL(path, self.registration.scope).href;
    if (await cache.match(url)) continue;
    try {
      await cache.add(new Request(url, { cache: "no-cache" }));
    } catch {
      return false;
    }
  }
  return true;
}
