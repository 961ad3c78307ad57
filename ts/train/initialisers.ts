import type { Initialiser } from './api.js'

type Random = () => number
type Distribution = 'normal' | 'uniform'

/** Numbers of mean 0 and this standard deviation; normal ones come in pairs (Box & Muller 1958). */
const fill = (count: number, deviation: number, distribution: Distribution, random: Random): Float32Array => {
  const values = new Float32Array(count)
  if (distribution === 'uniform') {
    const bound = Math.sqrt(3) * deviation
    for (let i = 0; i < count; i++) values[i] = (2 * random() - 1) * bound
    return values
  }
  for (let i = 0; i < count; i += 2) {
    const radius = deviation * Math.sqrt(-2 * Math.log(1 - random()))
    const angle = 2 * Math.PI * random()
    values[i] = radius * Math.cos(angle)
    // Beyond the end of an odd count it falls away.
    values[i + 1] = radius * Math.sin(angle)
  }
  return values
}

const scaled =
  (variance: (fanIn: number, fanOut: number) => number, usual: Distribution) =>
  (distribution: Distribution = usual): Initialiser =>
  ({ shape, fanIn, fanOut }, random) =>
    fill(
      shape.reduce((a, b) => a * b, 1),
      Math.sqrt(variance(fanIn, fanOut)),
      distribution,
      random,
    )

/** He et al. 2015: variance 2 / fan-in, which ReLU layers keep from layer to layer. Default normal. */
export const he = scaled(fanIn => 2 / fanIn, 'normal')

/** Glorot & Bengio 2010: variance 2 / (fan-in + fan-out), for tanh and sigmoid. Default uniform. */
export const xavier = scaled((fanIn, fanOut) => 2 / (fanIn + fanOut), 'uniform')

/** LeCun et al. 1998: variance 1 / fan-in. Default normal. */
export const lecun = scaled(fanIn => 1 / fanIn, 'normal')

export const zeros =
  (): Initialiser =>
  ({ shape }) =>
    new Float32Array(shape.reduce((a, b) => a * b, 1))
