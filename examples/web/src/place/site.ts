// The page on a server: files beside it, and a service worker that keeps them.

export const startWorker = (): Worker => new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })

/** Resolves when the page would open without a connection. */
export const offline = async (): Promise<string> => {
  if (!('serviceWorker' in navigator)) throw new Error('no service workers here')
  await navigator.serviceWorker.register('sw.js')
  await navigator.serviceWorker.ready
  return 'works offline'
}
