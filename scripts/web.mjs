// npm run web: from a bare clone to the example in a browser. The server runs until Ctrl-C.
// usage: npm run web [-- --port N] [--host NAME] [--build]   (--build: no server)
import { cannotServe, install, readOptions, stop } from './serving.mjs'
import { setup } from './setup.mjs'

const FOLDER = 'examples/web'
const USAGE = 'usage: npm run web [-- --port 8765] [--host localhost] [--build]'

const { port, host, build } = readOptions(USAGE, { port: '8765', host: 'localhost', build: false })
await setup()
try {
  // What only its tests need is not asked for.
  await install("the page's packages", FOLDER, { omit: true })
  const { buildWeb } = await import('../examples/web/build.mjs')
  const { site, single } = await buildWeb()
  const kilobytes = bytes => `${Math.round(bytes / 1024)} KB`
  console.log(`build/web/site          ${kilobytes(site)}, a folder for any static server`)
  console.log(`build/web/convlet.html  ${kilobytes(single)}, the same as one file, also for file://`)
} catch ({ message }) {
  stop(message)
}
if (!build) {
  const { serve } = await import('../examples/web/serve.mjs')
  try {
    const { origin, close } = await serve('build/web/site', { port, host })
    console.log(`\n  ${origin}/\n\nOpen it in Chrome 110, Safari 16.4, Firefox 115 or later. Ctrl-C ends it.`)
    for (const signal of ['SIGINT', 'SIGTERM'])
      process.once(signal, () => {
        console.log('\nended')
        close()
      })
  } catch (error) {
    cannotServe('web', host, port)(error)
  }
}
