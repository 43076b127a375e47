/** Writing an answer: nothing is lost in a slow pipe, and a pipe that is closed ends the command quietly. */
import { once } from 'node:events';

/** Text gathered before it is written. */
const ChunkLength = 65_536;

/** Standard output for answers of any length: waits for the reader instead of holding all of it. */
export class Printer {
  private text = '';

  async print(text: string): Promise<void> {
    this.text += text;
    if (this.text.length >= ChunkLength) await this.flush();
  }

  async flush(): Promise<void> {
    const text = this.text;
    this.text = '';
    if (text !== '' && !process.stdout.write(text)) await once(process.stdout, 'drain');
  }
}
