import { heapMemory, type WasmBackend } from "../native/wasm_backend.ts";
import type { TensorFlow } from "../tensorflow.ts";
import { format } from "@std/fmt/bytes";

/** Largest WASM memory with 32-bit addresses: 65536 pages of 64 KiB. */
export const HEAP_LIMIT = 2 ** 32;

/**
 * Bytes that tensors must leave free, in one piece. The backend allocates a few bytes for every
 * tensor itself, and aborts if it cannot.
 */
const RESERVE = 2 ** 20;

/** Largest number of bytes that the allocator may add to a size. */
const ROUNDING = 2 ** 8;

/**
 * Larger regions are in a single list of the allocator; smaller ones in two for each power of two.
 */
const ALIKE = 2 ** 27;

/**
 * Makes the backend reject a tensor that does not fit in the WASM heap.
 *
 * In that case the allocator returns 0, which TensorFlow.js uses as an address: it overwrites its
 * own data, and the backend no longer works. The allocator also takes sizes modulo 2^32, and
 * returns a small block for a tensor of 4 GiB. An error before anything is written keeps the
 * backend usable.
 *
 * @param tf TensorFlow.js whose WASM backend is active.
 */
export function guardHeap(tf: TensorFlow): void {
  const backend = tf.backend() as unknown as WasmBackend;
  const { wasm } = backend;
  const memory = heapMemory(backend);
  const allocate = allocateSafely(wasm, memory);
  const hasReserve = () => {
    // The heap grows first, then fills up.
    if (memory.buffer.byteLength <= HEAP_LIMIT - RESERVE) return true;
    const reserve = allocate(RESERVE);
    wasm._free(reserve);
    return reserve !== 0;
  };
  wasm._malloc = (bytes) => {
    // An op whose window does not fit its input may have a negative output shape.
    if (!(bytes >= 0)) {
      throw new RangeError(
        `A tensor of ${bytes} bytes was requested: an operation has a shape with a negative axis`,
      );
    }
    // Even an empty heap holds the backend's own data.
    const address = bytes <= HEAP_LIMIT - RESERVE ? allocate(bytes) : 0;
    if (bytes > 0 && (address === 0 || !hasReserve())) {
      wasm._free(address);
      throw new RangeError(
        `The WASM heap, which can have ${format(HEAP_LIMIT, { binary: true })}, has no room for ` +
          `another ${format(bytes, { binary: true })}: use fewer examples, or dispose tensors`,
      );
    }
    return address;
  };
}

/**
 * Wraps the allocator to avoid its two faults in a nearly full heap. If the address of a free
 * region plus the requested size exceeds 2^32, the sum wraps and the region counts as large enough:
 * the allocator returns bytes beyond the heap, which overwrite its beginning. The wrapper occupies such
 * regions during the search. Also, each call only looks at a few of the regions that may be large
 * enough, different ones each time. The wrapper calls the allocator again.
 */
function allocateSafely(
  { _malloc: allocate, _free: free }: WasmBackend["wasm"],
  memory: WebAssembly.Memory,
): (bytes: number) => number {
  const first = allocate(1);
  return (bytes) => {
    const passes = (address: number) => address + bytes + ROUNDING > HEAP_LIMIT;
    if (!passes(memory.buffer.byteLength)) return allocate(bytes);
    const regions = freeRegions(memory.buffer, first);
    const held: number[] = [];
    const search = (bytes: number, suits: (address: number) => boolean) => {
      for (let tries = 0; tries <= regions.length; tries++) {
        const address = allocate(bytes);
        if (address === 0) continue;
        if (suits(address >>> 0)) return address;
        held.push(address);
      }
      return 0;
    };
    // The allocator looks at regions of about the requested size, and of about the largest size
    // there is.
    const largest = Math.max(...regions.map(({ bytes }) => bytes));
    const least = Math.min(bytes, largest, ALIKE) / 2;
    const late = regions.filter(({ address, bytes }) => passes(address) && bytes >= least)
      .reverse();
    try {
      for (const { address, bytes } of late) {
        const occupied = search(bytes, (found) => found === address);
        if (occupied === 0) return 0;
        held.push(occupied);
      }
      return search(bytes, () => true);
    } finally {
      for (const address of held) free(address);
    }
  };
}

/** Free region of the WASM heap. */
interface FreeRegion {
  /** Address of the first byte available to a tensor. */
  address: number;
  /** Number of bytes available to a tensor. */
  bytes: number;
}

/** Bytes of the size at either end of a region; a tensor gets the rest. */
const FRAME = 4;

/** Rounds up to a multiple of 8, as addresses and sizes are. */
const alignUp = (bytes: number) => bytes + (8 - bytes % 8) % 8;

/**
 * Returns the free regions of the heap. Emscripten's allocator (emmalloc) stores its regions one
 * after the other. Each begins and ends with its size; the lowest bit of the size at its end is set
 * if it is free.
 *
 * @param from Address of an allocated block; only regions after it are returned.
 * @throws {Error} If the heap has another layout.
 */
export function freeRegions(heap: ArrayBufferLike, from: number): FreeRegion[] {
  const words = new Uint32Array(heap);
  const free: FreeRegion[] = [];
  for (let at = from - FRAME; at < heap.byteLength;) {
    const size = words[at / 4];
    if (size === 0) {
      // If the heap has grown, regions continue at the next multiple of 8. Nothing follows the last
      // one.
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
