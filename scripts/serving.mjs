// What the commands that serve an example share: their options, their packages, and how they end.
import { parseArgs } from 'node:util'
import { isInstalled, npmCi, step } from './setup.mjs'

export const stop = message => {
  console.error(message)
  process.exit(1)
}

/** The command line, with a port that is one. Ends with the usage where it is wrong. */
export const readOptions = (usage, defaults) => {
  try {
    const kinds = Object.entries(defaults).map(([name, value]) => [name, { type: typeof value, default: value }])
    const { values } = parseArgs({ options: Object.fromEntries(kinds) })
    const port = Number(values.port)
    if (!Number.isInteger(port) || port < 0 || port > 65535) throw new Error(`--port ${values.port} is no port`)
    return { ...values, port }
  } catch ({ message }) {
    return stop(`${message}\n${usage}`)
  }
}

/** Installs a folder's packages where they are not there; `omit` leaves out those of development. */
export const install = async (what, folder, { omit = false } = {}) => {
  if (isInstalled(folder, omit)) return
  const options = omit ? ['--omit=dev'] : ['--include=dev', '--include=optional']
  await step(`installing ${what} (once)`, () => npmCi('--prefix', folder, ...options))
}

/** Ends with why the port cannot be had, and with the command for the next one. */
export const cannotServe =
  (command, host, port) =>
  ({ code, message }) =>
    stop(
      code === 'EADDRINUSE'
        ? `port ${port} is taken: npm run ${command} -- --port ${port + 1}`
        : `cannot serve at ${host}, port ${port}: ${message}`,
    )
