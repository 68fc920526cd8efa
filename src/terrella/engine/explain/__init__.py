"""Why a network said so: what each part of its input adds to one number that it gives."""
