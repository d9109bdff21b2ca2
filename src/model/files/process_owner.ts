/**
 * True for the command line, whose process is ours: it may listen to signals. A library leaves them
 * to the program that uses it. A separate module, so that help does not load the code that unpacks files.
 */
export const processOwner = { isCommandLine: false };
