import { parseArgs } from 'node:util'

class UsageError extends Error {}

export function fail(message) {
  throw new UsageError(message)
}

export function count(name, text) {
  const value = Number(text)
  return Number.isInteger(value) && value > 0
    ? value
    : fail(`--${name} ${text}: should be a whole number of at least 1`)
}

export const oneOf = (name, value, allowed) =>
  allowed.includes(value) ? value : fail(`--${name} ${value}: should be ${allowed.join(' or ')}`)

/** The items of a list with commas. */
export const list = text => text.split(',').filter(Boolean)

/** What `read` makes of the command line; ends the process after --help (0) and on a mistake (2). */
export function parse(usage, options, read) {
  try {
    const help = { type: 'boolean', default: false }
    const { values, positionals } = parseArgs({ options: { ...options, help }, allowPositionals: true })
    if (!values.help) return read(values, positionals)
  } catch (error) {
    if (!(error instanceof UsageError || error.code?.startsWith('ERR_PARSE_ARGS'))) throw error
    console.error(`bench: ${error.message}\n\n${usage}`)
    process.exit(2)
  }
  console.log(usage)
  process.exit(0)
}
