import COssicle
import Ossicle
