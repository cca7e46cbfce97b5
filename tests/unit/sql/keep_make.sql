-- write
CREATE TABLE gather_kept (id uuid PRIMARY KEY, label text, number int CHECK (number >= 0), mark text, doing text)
