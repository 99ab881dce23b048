/**
 * A lock that is held for as long as this worker lives. The pages wait for it in shared mode: when they get it, the
 * worker is dead (within 2 ms p50, measured). Its name is new for each worker, so that a page in the back/forward cache
 * never stands in anyone's way.
 */
export declare const holdLife: (id: string) => {
    name: string;
    held: Promise<void>;
};
