// What the browser keeps between visits: the taught network, and the drawings that it was taught by.
import type { Stroke } from './glyph.js'

export interface Sign {
  name: string
  /** Each the strokes of one drawing. */
  readonly examples: Stroke[][]
}

interface Kept {
  readonly model: Uint8Array<ArrayBuffer>
  readonly signs: Sign[]
}

const STORE = 'kept'

let opened: Promise<IDBDatabase> | undefined
const database = () =>
  (opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open('convlet-web', 1)
    request.onupgradeneeded = () => request.result.createObjectStore(STORE)
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  }))

const ask = async <T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> => {
  const transaction = (await database()).transaction(STORE, mode)
  const request = work(transaction.objectStore(STORE))
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(request.result)
    transaction.onerror = transaction.onabort = () => reject(transaction.error)
  })
}

export const kept = <K extends keyof Kept>(key: K): Promise<Kept[K] | undefined> =>
  ask('readonly', store => store.get(key))

export const keep = async <K extends keyof Kept>(key: K, value: Kept[K]): Promise<void> => {
  await ask('readwrite', store => store.put(value, key))
}

export const forget = async (key: keyof Kept): Promise<void> => {
  await ask('readwrite', store => store.delete(key))
}
