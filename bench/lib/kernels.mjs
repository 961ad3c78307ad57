// Kernels that only the bench has, compiled when they are wanted.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const flags = {
  simd: [],
  relaxed: ['--enable', 'relaxed-simd'],
}

export const builds = Object.keys(flags)

/** The exports of bench/kernels/NAME.ts in a memory of so many pages, compiled with the project's own release options. */
export function kernels(name, build, pages) {
  const folder = mkdtempSync(join(tmpdir(), 'convlet-kernel-'))
  try {
    const file = join(folder, `${build}.wasm`)
    const asc = ['node_modules/assemblyscript/bin/asc.js', `bench/kernels/${name}.ts`, '--target', 'release']
    // 112 says that JavaScript cannot call a function that takes vectors: none is meant to.
    const options = ['--initialMemory', `${pages}`, '--disableWarning', '112']
    const { status } = spawnSync(process.execPath, [...asc, ...options, ...flags[build], '--outFile', file], {
      cwd: root,
      stdio: ['ignore', 2, 2],
    })
    if (status !== 0) throw new Error(`bench/kernels/${name}.ts does not compile (${build})`)
    const memory = new WebAssembly.Memory({ initial: pages })
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(file)), { env: { memory } })
    return { exports, floats: new Float32Array(memory.buffer) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The convolution tiles of bench/kernels/tiles.ts, their operands in place. */
export function tiles(build) {
  const module = kernels('tiles', build, 2)
  for (let i = module.exports.A.value / 4; i < module.floats.length; i++) module.floats[i] = Math.sin(i)
  return module
}
