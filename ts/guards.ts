import { ConvletError, type ErrorCode } from './error.js'

// What JSON from a stranger is asked before its types are believed.
export const isObject = (v: unknown): v is Readonly<Record<string, unknown>> =>
  typeof v === 'object' && v !== null && !Array.isArray(v)
export const isStrings = (v: unknown): v is string[] => Array.isArray(v) && v.every(s => typeof s === 'string')
export const isNumbers = (v: unknown): v is number[] => Array.isArray(v) && v.every(n => Number.isFinite(n))
export const isSize = (v: unknown): v is number => Number.isSafeInteger(v) && (v as number) >= 0

export const failWith =
  (code: ErrorCode) =>
  (fact: string): never => {
    throw new ConvletError(code, fact)
  }
