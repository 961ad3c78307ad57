import { keeper, type Place } from '../cache.js'

/** The name of the cache, and of the folder. */
const NAME = 'convlet'

/** The Cache API: browsers on secure pages, Workers. */
const inCaches = async (address: string): Promise<Place> => {
  const cache = await caches.open(NAME)
  return {
    get: () => cache.match(address),
    put: (stream, total) => {
      // Workers keep nothing that does not say for how long.
      const headers = new Headers({ 'cache-control': 'max-age=31536000' })
      if (total) headers.set('content-length', `${total}`)
      return cache.put(address, new Response(stream, { headers }))
    },
    drop: () => cache.delete(address),
  }
}

/** The origin's private file system: webviews whose pages have no Cache API. */
const inFiles = async (name: string): Promise<Place> => {
  const root = await navigator.storage.getDirectory()
  const folder = await root.getDirectoryHandle(NAME, { create: true })
  return {
    get: async () => {
      const file = await (await folder.getFileHandle(name)).getFile()
      // What has been begun is empty until it is closed.
      return file.size ? file : undefined
    },
    put: async stream => {
      const handle = await folder.getFileHandle(name, { create: true })
      await stream.pipeTo(await handle.createWritable())
    },
    drop: () => folder.removeEntry(name),
  }
}

export const cached = /* @__PURE__ */ keeper((address, name) => (globalThis.caches ? inCaches(address) : inFiles(name)))
