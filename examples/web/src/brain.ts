// What the worker can do, as the page sees it.
import type { Preprocess } from 'convlet'

/** The networks that are kept loaded: the shipped one, the one that was taught, the one that was dropped. */
export type Which = 'digits' | 'yours' | 'dropped'

export interface About {
  readonly labels: readonly string[] | undefined
  readonly classes: number
  /** Channels, height and width of an image. */
  readonly shape: readonly number[]
  readonly preprocess: Preprocess | undefined
  readonly layers: number
  readonly parameters: number
  /** Bytes. */
  readonly memory: number
  readonly build: string
}

export interface Score {
  readonly label: string
  readonly probability: number
}

export interface Answer {
  readonly scores: readonly Score[]
  /** From a drawing's 28×28 pixels, or all of an image file's, to probabilities. */
  readonly milliseconds: number
}

export interface Lesson {
  /** 28×28 bytes each, one after the other. */
  readonly images: Uint8Array<ArrayBuffer>
  /** For each image the index of its name. */
  readonly labels: readonly number[]
  readonly names: readonly string[]
}

export interface Progress {
  readonly steps: number
  /** Of the steps since the last report. */
  readonly losses: readonly number[]
}

export interface Taught {
  readonly file: Uint8Array<ArrayBuffer>
  readonly steps: number
  readonly seconds: number
  readonly stopped: boolean
  /** Of the lesson's own images, as they are. */
  readonly right: number
}

export interface Brain {
  /** Loads a network in the place of another; `digits` without a file. */
  open(which: Which, file?: Blob | Uint8Array<ArrayBuffer>): Promise<About>
  /** Reads a drawing of 28×28 bytes, white on black; scores in the order of the classes, the ten best where there are more. */
  read(which: Which, drawing: Uint8Array<ArrayBuffer>): Promise<Answer>
  /** The five best classes of an image file. */
  look(which: Which, image: Blob, invert: boolean): Promise<Answer>
  /** Fine-tunes the shipped network on a lesson. */
  teach(lesson: Lesson, onProgress: (progress: Progress) => void): Promise<Taught>
  /** Ends `teach` early: what was learned by then is the result. */
  stop(): void
}
