// Keeps the whole page, so that it opens without a connection. A version has one cache, which it fills wholly before it serves;
// those before it go once no page is open that uses them.
const VERSION = '{{version}}'
const FILES = JSON.parse('{{files}}')
const PREFIX = 'convlet-web '
const CACHE = PREFIX + VERSION

addEventListener('install', event => {
  // Past the browser's own cache: a file of the version before under the same name would stay for ever.
  const requests = FILES.map(path => new Request(path, { cache: 'reload' }))
  event.waitUntil(caches.open(CACHE).then(cache => cache.addAll(requests)))
})

addEventListener('activate', event => {
  const clean = async () => {
    const names = await caches.keys()
    await Promise.all(names.filter(name => name.startsWith(PREFIX) && name !== CACHE).map(name => caches.delete(name)))
    // The page of the first visit is served from here at once.
    await clients.claim()
  }
  event.waitUntil(clean())
})

addEventListener('fetch', event => {
  const { request } = event
  if (request.method !== 'GET' || new URL(request.url).origin !== location.origin) return
  const answer = async () => {
    const cache = await caches.open(CACHE)
    const kept = await cache.match(request.mode === 'navigate' ? './' : request, { ignoreSearch: true })
    return kept ?? fetch(request)
  }
  event.respondWith(answer())
})
