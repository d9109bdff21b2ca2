/** Workers in the pool of TensorFlow.js's threaded build, a constant of that build. */
export const MAX_THREADS = 8;
