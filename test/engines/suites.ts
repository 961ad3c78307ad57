// Stands for uvu in engines that have no process: gathers the suites, for who has loaded all of them to run.
type Action = () => unknown

interface Suite {
  readonly name: string
  readonly tests: (readonly [name: string, run: Action])[]
}

const suites: Suite[] = []

export const suite = (name: string) => {
  const tests: Suite['tests'] = []
  const test = (title: string, run: Action) => void tests.push([title, run])
  const unknown = () => {
    throw new Error(`${name}: hooks are not known here`)
  }
  return Object.assign(test, {
    skip: () => undefined,
    only: unknown,
    before: Object.assign(unknown, { each: unknown }),
    after: Object.assign(unknown, { each: unknown }),
    run: () => void suites.push({ name, tests }),
  })
}

/** Runs everything, one after the other. */
export const runSuites = async () => {
  let passed = 0
  const failures: string[] = []
  for (const { name, tests } of suites)
    for (const [title, run] of tests)
      try {
        await run()
        passed++
      } catch (error) {
        failures.push(`${name}, ${title}: ${(error as Error).message}`)
      }
  return { suites: suites.length, passed, failures }
}
