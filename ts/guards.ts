// What JSON from a stranger is asked before its types are believed.
import { type ErrorCode, fail } from './error.js'

export const isObject = (v: unknown): v is Readonly<Record<string, unknown>> =>
  typeof v === 'object' && v !== null && !Array.isArray(v)
const isText = (v: unknown) => typeof v === 'string'
export const isSize = (v: unknown) => Number.isSafeInteger(v) && (v as number) >= 0
/** Whether it is a positive integer. */
export const isCount = (v: unknown) => isSize(v) && v !== 0
/** Whether it is a list of what the test wants. */
export const all = (test: (v: unknown) => boolean) => (v: unknown) => Array.isArray(v) && v.every(test)

/** Gives a value as what it claims to be, or throws what it should be and is. `at` is where it stands. */
export type Reader<T> = (v: unknown, at: string, code: ErrorCode) => T

/** Shows a value, but nothing that lies in it more than a level deep: JSON may nest deeper than the stack. */
const show = (v: unknown) => JSON.stringify(v, (_, inner) => (inner !== v && Object(inner) === inner ? '…' : inner))

export const kind =
  <T>(wanted: string, test: (v: unknown) => boolean): Reader<T> =>
  (v, at, code) =>
    test(v) ? (v as T) : fail(code, `${at} must be ${wanted}, is ${show(v)}`)

export const text = kind<string>('text', isText)
export const texts = kind<string[]>('a list of texts', all(isText))

export const oneOf = <T extends string>(...allowed: T[]): Reader<T> =>
  kind(allowed.join(' or '), v => allowed.includes(v as T))

export const optional =
  <T>(read: Reader<T>): Reader<T | undefined> =>
  (v, at, code) =>
    v === undefined ? v : read(v, at, code)

/** A list of at least one object, which errors call by their names if they have one. */
export const list =
  <T>(read: Reader<T>): Reader<T[]> =>
  (v, at, code) =>
    kind<{ name?: unknown }[]>('a list, not empty', v => Array.isArray(v) && v.length > 0)(v, at, code).map((item, i) =>
      read(item, `${at} ${show(item?.name ?? i)}`, code),
    )

export const object = kind<Readonly<Record<string, unknown>>>('an object', isObject)

/** An object of any keys. */
export const map =
  <T>(read: Reader<T>): Reader<Record<string, T>> =>
  (v, at, code) =>
    Object.fromEntries(
      Object.entries(object(v, at, code)).map(([key, item]) => [key, read(item, `${at} ${show(key)}`, code)]),
    )

/** An object of these keys, without any others that it has. */
export const record =
  <T>(readers: { readonly [K in keyof T]-?: Reader<T[K]> }): Reader<T> =>
  (v, at, code) => {
    const values = object(v, at, code)
    const known: Partial<T> = {}
    for (const key in readers) {
      const value = readers[key](values[key], `${at} ${key}`, code)
      if (value !== undefined) known[key] = value
    }
    return known as T
  }
