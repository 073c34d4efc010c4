-- Rows are appended as batches end: a summary per range of pages finds the last minutes.
CREATE INDEX idx_batch_history_completed ON batch_history
    USING brin (completed_at) WITH (autosummarize = on);
