// Gray pictures in the terminal: two pixels above each other in one character.
import { WriteStream } from 'node:tty'

/** Bits of colour that the output shows; 1: none. NO_COLOR, FORCE_COLOR and TERM are heeded as node does. */
export const colorDepth = (stream = process.stdout, env = process.env) => {
  if (env.NO_COLOR || (!stream.isTTY && !env.FORCE_COLOR)) return 1
  return WriteStream.prototype.getColorDepth.call(stream, env)
}

const RESET = '\x1b[0m'
const rgb = v => `2;${v};${v};${v}`
// The 24 grays of the 256 colours, from 8 to 238, and its black and white.
const indexed = v => `5;${v < 4 ? 16 : v > 246 ? 231 : 232 + Math.max(0, Math.min(23, Math.round((v - 8) / 10)))}`

// From black to white by the ink of each character.
const RAMP = ' .:-=+*#%@'

/** One text for each two rows of the picture: `size`² bytes of gray. */
export const picture = (pixels, size, depth) =>
  Array.from({ length: size / 2 }, (_, row) => {
    const upper = pixels.subarray(row * 2 * size, (row * 2 + 1) * size)
    const lower = pixels.subarray((row * 2 + 1) * size, (row * 2 + 2) * size)
    if (depth < 8)
      return Array.from(upper, (v, i) => RAMP[Math.round(((v + lower[i]) / 2 / 255) * (RAMP.length - 1))]).join('')
    const color = depth >= 24 ? rgb : indexed
    return `${Array.from(upper, (v, i) => `\x1b[38;${color(v)};48;${color(lower[i])}m▀`).join('')}${RESET}`
  })
