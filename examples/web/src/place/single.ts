// The page as one file. Browsers load no worker from beside a page that was opened from the disk: its code is in the page.
import code from 'built:worker'

export const startWorker = (): Worker => {
  const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }))
  const worker = new Worker(url)
  URL.revokeObjectURL(url)
  return worker
}

export const offline = async (): Promise<string> => 'one file, works offline'
