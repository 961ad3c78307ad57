// Where the program of workerd is. By itself: who only asks that loads no kernels.
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'

/** The package's program itself: ending a script that has started it would not end it. */
const ofPackage = (folder: string): string | undefined => {
  try {
    return createRequire(resolve(folder, 'package.json'))('workerd').default
  } catch {
    return undefined
  }
}

const { WORKERD } = process.env
/** The program, undefined where there is none. */
export const workerdPath = [WORKERD, ...['.', 'examples/worker', 'test/engines'].map(ofPackage)].find(
  path => path && existsSync(path),
)
