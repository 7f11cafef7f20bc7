/**
 * Told of each thing that a model's file says wrongly of itself and that was put right, in one sentence: what the file says,
 * then what is taken instead. A sentence may quote texts of the file as they stand there.
 */
export type OnWarning = (message: string) => void;
