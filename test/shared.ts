import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { uvu } from 'uvu'

/** Path of a file of the data folder beside the checkout, which not every machine has. */
export const shared = (path: string): string => resolve('../shared', path)

/** Adds a test that reads files of the data folder; where one is absent the test is skipped, and says so. */
export const testWithShared = (
  test: uvu.Test<unknown>,
  name: string,
  paths: readonly string[],
  run: () => void | Promise<void>,
) => {
  const missing = paths.find(path => !existsSync(shared(path)))
  if (missing === undefined) return test(name, run)
  console.log(`skipped: "${name}" needs ../shared/${missing}`)
  test.skip(name, run)
}
