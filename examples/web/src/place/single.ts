// The page as one file. Browsers load no worker from beside a page that was opened from the disk: its code is in the page.
import code from 'built:worker'

export const startWorker = (): Worker => {
  // Never revoked: not every browser has read it when the constructor returns.
  return new Worker(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })))
}

export const offline = async (): Promise<string> => 'one file, works offline'
