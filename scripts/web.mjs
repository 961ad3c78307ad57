// npm run web: from a bare clone to the example in a browser. The server runs until Ctrl-C.
// usage: npm run web [-- --port N] [--host NAME] [--build]   (--build: no server)
import { parseArgs } from 'node:util'
import { npmCi, setup, step } from './setup.mjs'
import { readJson } from './stamp.mjs'

const FOLDER = 'examples/web'
const USAGE = 'usage: npm run web [-- --port 8765] [--host localhost] [--build]'

const stop = message => {
  console.error(message)
  process.exit(1)
}
const options = () => {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string', default: '8765' },
        host: { type: 'string', default: 'localhost' },
        build: { type: 'boolean', default: false },
      },
    })
    const port = Number(values.port)
    if (!Number.isInteger(port) || port < 0 || port > 65535) throw new Error(`--port ${values.port} is no port`)
    return { ...values, port }
  } catch ({ message }) {
    return stop(`${message}\n${USAGE}`)
  }
}

/** Whether what the page is made of is there; what only its tests need is not asked for. */
const isInstalled = () =>
  Object.entries(readJson(`${FOLDER}/package.json`).dependencies).every(
    ([name, version]) => readJson(`${FOLDER}/node_modules/${name}/package.json`).version === version,
  )

const { port, host, build } = options()
await setup()
try {
  if (!isInstalled()) await step("installing the page's packages (once)", () => npmCi('--prefix', FOLDER, '--omit=dev'))
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
  } catch ({ code, message }) {
    stop(
      code === 'EADDRINUSE'
        ? `port ${port} is taken: npm run web -- --port ${port + 1}`
        : `cannot serve at ${host}, port ${port}: ${message}`,
    )
  }
}
