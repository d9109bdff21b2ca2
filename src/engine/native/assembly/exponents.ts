import { clearRun } from "./runs";

/**
 * Counters per exponent: adjacent entries mostly have the same exponent, and would wait for each
 * other.
 */
const PLACES: usize = 4;

/**
 * Counts float32 by their stored exponents, 0 to 255.
 *
 * @param counts Address of an i32 for each exponent, followed by room for 1024 more.
 */
export function exponents(from: usize, count: i32, counts: usize): void {
  const counters = counts + 256 * 4;
  clearRun(counters, 256 * <i32> PLACES);
  const end = from + (<usize> count << 2);
  const whole = from + ((<usize> count << 2) & ~15);
  let at = from;
  for (; at < whole; at += 16) {
    // Exponent times 16, the bytes of its counters.
    const x = v128.and(i32x4.shr_u(v128.load(at), 19), i32x4.splat(0xff0));
    raise(counters + <usize> i32x4.extract_lane(x, 0));
    raise(counters + 4 + <usize> i32x4.extract_lane(x, 1));
    raise(counters + 8 + <usize> i32x4.extract_lane(x, 2));
    raise(counters + 12 + <usize> i32x4.extract_lane(x, 3));
  }
  for (; at < end; at += 4) raise(counters + <usize> (load<u32>(at) >> 19 & 0xff0));
  for (let exponent: usize = 0; exponent < 256; exponent++) {
    const at = counters + exponent * PLACES * 4;
    const sum = load<i32>(at) + load<i32>(at, 4) + load<i32>(at, 8) + load<i32>(at, 12);
    store<i32>(counts + (exponent << 2), sum);
  }
}

// @ts-ignore: decorator
@inline
function raise(counter: usize): void {
  store<i32>(counter, load<i32>(counter) + 1);
}
