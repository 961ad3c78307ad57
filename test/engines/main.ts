// Everything that an engine runs: the kernel tests of both builds, and the networks. Bundled into one file by bundle.ts.
import './buffer.js'
import fc from 'fast-check'
// @ts-expect-error made by bundle.ts
import 'convlet:tests'
import { sha256 } from '../../ts/entry/sha256.js'
import { watch } from '../check.js'
import { modules } from './builds.js'
import { type NetworkResult, runNetworks } from './networks.js'
import { runSuites } from './suites.js'

export interface Report {
  readonly builds: readonly string[]
  readonly suites: number
  readonly passed: number
  readonly failures: readonly string[]
  /** Of all that the plain build's kernels wrote in the tests. */
  readonly kernels: string
  readonly networks: Readonly<Record<string, NetworkResult>>
}

/** The NaN that an operation makes may have any sign and, of the rest, any bits. */
const NAN = 0x7fc00000

export const report = async (): Promise<Report> => {
  // The same cases everywhere.
  fc.configureGlobal({ seed: 1 })
  const hash = sha256()
  watch.written = (build, values) => {
    if (build !== 'simd') return
    const copy = values.slice()
    const bits = new Uint32Array(copy.buffer)
    for (let i = 0; i < copy.length; i++) if (Number.isNaN(copy[i])) bits[i] = NAN
    hash.update(new Uint8Array(copy.buffer))
  }
  const results = await runSuites()
  return {
    builds: modules.map(({ build }) => build),
    ...results,
    kernels: await hash.digest('hex'),
    networks: await runNetworks(),
  }
}
