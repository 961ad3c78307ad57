import { type Command, InvalidArgumentError, Option } from 'commander'
import { ConvletError } from '../../ts/error.js'
import type { Shape } from '../../ts/types.js'

/** What every command takes. */
export interface CommonOptions {
  readonly json?: true
  readonly verbose?: true
}

/** Adds the options that every command has, and its examples. Last, so that they stand last in the help. */
export const withCommon = (command: Command, examples: readonly string[]): Command =>
  command
    .option('--json', 'print JSON, for scripts')
    .option('--verbose', 'show the stack trace of an error')
    .helpOption('-h, --help', 'show this help')
    .showHelpAfterError(`Try: convlet ${command.name()} --help`)
    .addHelpText('after', `\nExamples:\n${examples.map(example => `  ${example}`).join('\n')}`)

/** What may be spent on speed, of the commands that plan a network. */
export const memoryOption = (): Option =>
  new Option('--memory <kind>', 'fast: keep what would otherwise be computed in every run').choices(['small', 'fast'])

export const wholeNumber = (text: string): number => {
  const n = Number(text)
  if (Number.isSafeInteger(n) && n > 0 && /^\d+$/.test(text)) return n
  throw new InvalidArgumentError('It must be a whole number of at least 1.')
}

const sizes = (text: string): Shape | undefined => {
  const shape = text.split(/[,x×]/).map(part => (/^\s*\d+\s*$/.test(part) ? Number(part) : 0))
  return shape.every(n => Number.isSafeInteger(n) && n > 0) ? shape : undefined
}

/** `3,224,224` */
export const imageShape = (text: string): Shape => {
  const shape = sizes(text)
  if (shape?.length === 3) return shape
  throw new InvalidArgumentError('It must be channels, height and width, e.g. 3,224,224.')
}

/** `input=1,3,224,224`, once for each input. */
export const namedShape = (text: string, before: Readonly<Record<string, Shape>> = {}): Record<string, Shape> => {
  // The name may hold an equals sign, the sizes cannot.
  const at = text.lastIndexOf('=')
  const shape = at > 0 ? sizes(text.slice(at + 1)) : undefined
  if (shape !== undefined) return { ...before, [text.slice(0, at)]: shape }
  throw new InvalidArgumentError('It must be a name and a whole shape, e.g. input=1,3,224,224.')
}

/** Whether a message names a file, as a word of its own: one called `net` is not named by "network". */
const isNamed = (file: string, message: string): boolean =>
  [' ', ':'].some(end => ` ${message}`.includes(` ${file}${end}`))

/** Runs what reads `file`, whose name is put in front of a complaint that does not have it. */
export const about = async <T>(file: string, run: () => Promise<T>): Promise<T> => {
  try {
    return await run()
  } catch (cause) {
    if (!(cause instanceof ConvletError) || isNamed(file, cause.message)) throw cause
    throw new ConvletError(cause.code, `${file}: ${cause.message}`, { cause })
  }
}

export const printJson = (value: unknown): void => console.log(JSON.stringify(value, null, 2))
