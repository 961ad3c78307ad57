#!/usr/bin/env node
// The command line: convlet convert | inspect | run | train | export | verify.
import { Command, CommanderError } from 'commander'
import { $, bold } from 'kleur/colors'
import { version } from '../package.json'
import { ConvletError } from '../ts/error.js'
import { convertCommand } from './commands/convert.js'
import { exportCommand } from './commands/export.js'
import { inspectCommand } from './commands/inspect.js'
import { runCommand } from './commands/run.js'
import { trainCommand } from './commands/train.js'
import { verifyCommand } from './commands/verify.js'

const FAILED = 1
const USAGE = 2

const program = new Command('convlet')
  .description('Convolutional networks in WebAssembly: convert, inspect, run, train, export and verify them.')
  .version(version, '-V, --version', 'show the version')
  .helpOption('-h, --help', 'show this help')
  .helpCommand(false)
  .showHelpAfterError('Try: convlet --help')
  .addHelpText(
    'after',
    '\nExamples:\n' +
      '  convlet convert model.onnx model.safetensors\n' +
      '  convlet inspect model.safetensors\n' +
      '  convlet run model.safetensors photo.jpg\n' +
      '  convlet train lenet5 --data mnist\n\n' +
      'convlet COMMAND --help tells more of each.',
  )

const signature = (command: Command): string =>
  `${command.name()} ${command.registeredArguments
    .filter(a => a.required)
    .map(a => `<${a.name()}${a.variadic ? '...' : ''}>`)
    .join(' ')}`

for (const command of [
  convertCommand(),
  inspectCommand(),
  runCommand(),
  trainCommand(),
  exportCommand(),
  verifyCommand(),
])
  program.addCommand(command)
for (const command of [program, ...program.commands])
  command
    .exitOverride()
    .configureHelp({ helpWidth: 100, styleTitle: title => bold(title), subcommandTerm: signature })
    .configureOutput({
      outputError: (text, write) => write(`convlet: ${text.replace(/^error: /, '')}`),
      // kleur has decided already, by the same variables.
      getOutHasColors: () => $.enabled,
      getErrHasColors: () => false,
    })

// A reader that has seen enough (`| head`) is no failure.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(0)
  })

/** One clear line, or the list that an error consists of. Names in it come from files: without control characters. */
const report = (error: unknown): void => {
  const { message, stack } = error instanceof Error ? error : new Error(String(error))
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const text = (s: string) => s.replace(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/g, '?')
  console.error(`convlet: ${text(message)}`)
  if (process.argv.includes('--verbose')) {
    console.error(text(stack ?? ''))
    for (let cause = (error as Error).cause; cause instanceof Error; cause = cause.cause)
      console.error(text(`caused by ${cause.stack ?? cause.message}`))
  } else if (!(error instanceof ConvletError)) console.error('This is a fault of convlet: --verbose shows where.')
}

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : USAGE
  else {
    report(error)
    process.exitCode = FAILED
  }
}
