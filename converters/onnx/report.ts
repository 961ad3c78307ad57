import { ConvletError } from '../../ts/error.js'

/** One thing that cannot be converted. */
export interface Problem {
  /** The operator with its domain, or another kind of thing: `input`, `output`. */
  readonly kind: string
  readonly name: string
  readonly reason: string
}

const NAMES = 4

const line = (problems: readonly Problem[]): string => {
  const { kind, reason } = problems[0]!
  const names = problems.slice(0, NAMES).map(({ name }) => JSON.stringify(name))
  const more = problems.length > NAMES ? ` and ${problems.length - NAMES} more` : ''
  return `  ${kind.replace(/\p{Cc}/gu, '·')} ×${problems.length} (${names.join(', ')}${more}): ${reason}`
}

/** One error for everything that cannot be converted, so that nobody has to find out one by one. */
export const unsupportedError = (file: string, problems: readonly Problem[], supported: readonly string[]) => {
  const groups = new Map<string, Problem[]>()
  for (const problem of problems) {
    const key = `${problem.kind}: ${problem.reason}`
    const group = groups.get(key)
    if (group) group.push(problem)
    else groups.set(key, [problem])
  }
  const lines = [...groups.keys()].sort().map(key => line(groups.get(key)!))
  return new ConvletError(
    'UNSUPPORTED',
    [
      `${file} uses what convlet does not support:`,
      ...lines,
      `Supported are ${supported.join(', ')}, and arithmetic on constants and shapes. Replace the others and export again.`,
    ].join('\n'),
  )
}
