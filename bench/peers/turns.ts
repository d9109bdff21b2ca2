/**
 * Output of a warm job for each line that it reads: the smallest time of either kind of pass, in
 * milliseconds.
 */
export interface Turn {
  figures: number;
  bare: number;
}

/** For how long a turn repeats a pass of one kind. */
const TURN = 150;

/**
 * Takes a turn for each line of stdin, as the jobs in Python do with --warm: processes that all stay alive take turns,
 * so that the load of the machine falls on all alike.
 *
 * @param figures A pass with figures.
 * @param bare A forward and backward pass alone.
 */
export async function takeTurns(
  figures: () => void | Promise<void>,
  bare: () => void | Promise<void>,
): Promise<void> {
  // The first passes compile and fill caches.
  for (let pass = 0; pass < 3; pass++) {
    await figures();
    await bare();
  }
  console.log(JSON.stringify({ ready: true }));
  for await (const _ of lines()) {
    console.log(JSON.stringify({ figures: await least(figures), bare: await least(bare) }));
  }
}

async function least(run: () => void | Promise<void>): Promise<number> {
  const start = performance.now();
  let found = Infinity;
  do {
    const before = performance.now();
    await run();
    found = Math.min(found, performance.now() - before);
  } while (performance.now() - start < TURN);
  return found;
}

async function* lines(): AsyncGenerator<string> {
  let rest = "";
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop()!;
    yield* parts;
  }
}
