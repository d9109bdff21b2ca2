/** A free piece of the WASM heap. */
export interface FreeRegion {
  /** Address of its first byte for a tensor. */
  address: number;
  /** How many bytes a tensor may have there. */
  bytes: number;
}

/** Bytes of the size at either end of a region. What lies between is for a tensor. */
const FRAME = 4;

/** The next multiple of 8, which addresses and sizes are. */
const alignUp = (bytes: number) => bytes + (8 - bytes % 8) % 8;

/**
 * The free regions of the heap. Emscripten's allocator (emmalloc) lays its regions one after the other. Each begins and
 * ends with its size; the lowest bit of the size at its end is set where it is free.
 *
 * @param heap The whole heap.
 * @param from Address of something allocated, from which on regions are looked at.
 * @throws {Error} If the heap is not laid out so.
 */
export function freeRegions(heap: ArrayBufferLike, from: number): FreeRegion[] {
  const words = new Uint32Array(heap);
  const free: FreeRegion[] = [];
  for (let at = from - FRAME; at < heap.byteLength;) {
    const size = words[at / 4];
    if (size === 0) {
      // Where the heap has grown, regions go on at the next multiple of 8. Nothing follows the last one.
      if (at % 8 === 0) break;
      at += 4;
      continue;
    }
    const end = words[(at + size) / 4 - 1];
    const next = at + size;
    if (end === size + 1) {
      const address = alignUp(at + FRAME);
      free.push({ address, bytes: alignUp(next - FRAME - address - 7) });
    } else if (end !== size) throw new Error(`The heap has no region of ${size} bytes at ${at}`);
    at = next;
  }
  return free;
}
