import { spawnSync } from 'node:child_process'

const flag = '--experimental-wasm-relaxed-simd'

// (module (func i32.const 0 i8x16.splat ×3, f32x4.relaxed_madd, drop))
const splat = [0x41, 0, 0xfd, 0x0f]
const body = [0, ...splat, ...splat, ...splat, 0xfd, 0x85, 2, 0x1a, 0x0b]
const probe = new Uint8Array([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...[1, 4, 1, 0x60, 0, 0],
  ...[3, 2, 1, 0],
  ...[10, body.length + 2, 1, body.length, ...body],
])

/** Whether this engine accepts relaxed SIMD. */
export const hasRelaxed = () => WebAssembly.validate(probe)

const engineKnows = () => spawnSync(process.execPath, [flag, '--eval', ''], { stdio: 'ignore' }).status === 0

/** Starts this very command again with relaxed SIMD switched on, where that takes a flag (Node 20). */
export function ensureRelaxed() {
  if (hasRelaxed() || process.execArgv.includes(flag) || !engineKnows()) return
  const { status } = spawnSync(process.execPath, [flag, ...process.execArgv, ...process.argv.slice(1)], {
    stdio: 'inherit',
  })
  process.exit(status ?? 1)
}
