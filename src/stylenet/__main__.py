"""`python -m stylenet` is the command `stylenet`."""

from stylenet.cli.app import run

if __name__ == "__main__":
    run()
