"""How does text become ids? By one of four engines, all of which return the same ids."""
